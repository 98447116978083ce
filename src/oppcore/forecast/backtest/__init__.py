"""How good each way of forecasting would have been, asked in the past without knowing what came."""
