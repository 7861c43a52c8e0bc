package scenario

import "testing"

func TestNativeRows(t *testing.T)      { StatusTables(t, Native) }
func TestInterpretedRows(t *testing.T) { StatusTables(t, Interpreted) }
