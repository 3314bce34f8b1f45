"""Picture models of others: what is installed, how it is added, and what each is."""
