package scenario

import "testing"

func TestNative(t *testing.T)      { Play(t, Native, All()) }
func TestInterpreted(t *testing.T) { Play(t, Interpreted, All()) }
