"""The rules of the domain as a list: what each says, where the code keeps it, and the test that fails without it."""
