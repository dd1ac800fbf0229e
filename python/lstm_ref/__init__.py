"""lstm_ref: the reference LSTM. One specification, one arithmetic, the same bits in every language."""
