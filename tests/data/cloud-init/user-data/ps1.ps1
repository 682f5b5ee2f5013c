#ps1
New-Item C:\new
