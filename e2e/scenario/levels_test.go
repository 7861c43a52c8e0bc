package scenario

import "testing"

func TestNative(t *testing.T)      { Run(t, Native, All()) }
func TestInterpreted(t *testing.T) { Run(t, Interpreted, All()) }

func TestNativeReplicas(t *testing.T)      { Replicas(t, Native, Native) }
func TestInterpretedReplicas(t *testing.T) { Replicas(t, Interpreted, Interpreted) }

func TestNativeConfigurations(t *testing.T)      { Configurations(t, NativeWith, true, true) }
func TestInterpretedConfigurations(t *testing.T) { Configurations(t, InterpretedWith, true, true) }
