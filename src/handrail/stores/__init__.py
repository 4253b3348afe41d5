"""Where everything is kept: adapters of the ports of inbox and runs, each in one transaction object."""
