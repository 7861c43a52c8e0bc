package scenario

import "testing"

func TestNative(t *testing.T)      { Play(t, Native, All()) }
func TestInterpreted(t *testing.T) { Play(t, Interpreted, All()) }

func TestNativeConfigurations(t *testing.T)      { Configurations(t, NativeWith, true, true) }
func TestInterpretedConfigurations(t *testing.T) { Configurations(t, InterpretedWith, true, true) }
