#ps1_sysnative
Set-ExecutionPolicy RemoteSigned -Force
