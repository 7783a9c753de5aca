"""What is watched about incidents: those that nobody sees to, that last or that heap up, and districts not engaged.

Pure rules over the tables of a watch; how they are followed, compared and sent is `services/watch`'s.
"""
