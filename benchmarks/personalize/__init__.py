"""Does a picture become what was asked of it, and does it still show what it showed?"""
