"""End-to-end scenarios: what a pipeline must do, whatever target it runs on."""
