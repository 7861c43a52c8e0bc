package surprises

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed refused_embed.go
var itself string

// Embed needs the compiler.
func Embed() string { return fmt.Sprint(strings.HasPrefix(itself, "package surprises")) }
