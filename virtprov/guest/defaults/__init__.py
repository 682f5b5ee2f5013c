"""Rules for what a guest gets when nobody says: one small rule per fact."""
