"""How each channel hears and speaks: one file a channel, `base` and `rendering` for all of them."""
