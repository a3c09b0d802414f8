"""Style transfer methods: ``registry`` describes them, ``base`` defines them, every other file implements some."""
