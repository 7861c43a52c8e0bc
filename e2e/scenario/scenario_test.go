package scenario

import "testing"

func TestScenarios(t *testing.T)            { Run(t, Native, All()) }
func TestInterpretedScenarios(t *testing.T) { Run(t, Interpreted, All()) }

func TestStatusTables(t *testing.T)            { StatusTables(t, Native) }
func TestInterpretedStatusTables(t *testing.T) { StatusTables(t, Interpreted) }

func TestReplicas(t *testing.T)            { Replicas(t, Native, Native) }
func TestInterpretedReplicas(t *testing.T) { Replicas(t, Interpreted, Interpreted) }

func TestConfigurations(t *testing.T)            { Configurations(t, NativeWith, true, true) }
func TestInterpretedConfigurations(t *testing.T) { Configurations(t, InterpretedWith, true, true) }
