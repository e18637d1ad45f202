"""The report's two networks, and the LightningModule around either."""
