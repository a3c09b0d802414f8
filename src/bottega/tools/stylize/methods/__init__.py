"""Style transfer methods: ``registry`` describes them, ``base`` is their base class."""
