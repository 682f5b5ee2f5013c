# The key of the tutorial before.
ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519
