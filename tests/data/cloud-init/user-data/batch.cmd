rem cmd
net user anna /add
