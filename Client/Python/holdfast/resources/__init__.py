"""What the machine and the training's processes use, once a second."""
