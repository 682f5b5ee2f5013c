"""What virtprov writes into the metadata of a guest: cloud-init, template, reserved addresses."""
