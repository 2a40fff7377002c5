"""What the commands of the kit do, for whoever calls them: a command line, or a script."""
