REM cmd
net user anna /add
