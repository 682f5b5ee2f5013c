"""Where an installer comes from: trees, ISOs and downloads, with their kernel, initrd and medium."""
