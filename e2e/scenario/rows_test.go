package scenario

import "testing"

func TestNativeRows(t *testing.T)      { Rows(t, Native) }
func TestInterpretedRows(t *testing.T) { Rows(t, Interpreted) }
