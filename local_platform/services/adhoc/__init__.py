"""Ad hoc runs of dataset exports and of audience activations."""
