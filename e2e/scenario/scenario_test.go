package scenario

import (
	"os"
	"testing"
)

func TestScenarios(t *testing.T) { RunHalves(t, All(), Native, Native) }
func TestInterpretedScenarios(t *testing.T) {
	RunHalves(t, All(), InterpretedTogether(t), InterpretedTogether(t))
}

func TestStatusTables(t *testing.T)            { StatusTables(t, Native) }
func TestInterpretedStatusTables(t *testing.T) { StatusTables(t, Interpreted) }
func TestTwins(t *testing.T)                   { WriteTwins(os.Stdout, Twins(t, Native, 1)) }
func TestInterpretedTwins(t *testing.T)        { WriteTwins(os.Stdout, Twins(t, Interpreted, 1)) }

func TestReplicas(t *testing.T)            { Replicas(t, Native, Native) }
func TestInterpretedReplicas(t *testing.T) { Replicas(t, Interpreted, Interpreted) }

func TestConfigurations(t *testing.T)            { Configurations(t, NativeWith, true, true) }
func TestInterpretedConfigurations(t *testing.T) { Configurations(t, InterpretedWith, true, true) }
