#ps1_x86
Get-Date
