"""`--doctor`: what a host can do, what it lacks for which feature, and how to fix that. Nothing is changed."""
