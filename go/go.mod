module github.com/lstm-ref/lstm_ref/go

go 1.24
