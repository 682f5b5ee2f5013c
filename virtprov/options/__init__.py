"""The option catalogue: tables only, standard library only."""
