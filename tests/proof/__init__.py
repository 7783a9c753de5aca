"""What takes too long for every run: each module is a command of its own, called by a make target."""
