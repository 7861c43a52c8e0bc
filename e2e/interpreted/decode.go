package interpreted

import (
	"fmt"

	"github.com/mitchellh/mapstructure"
)

// Decode reads a middleware's configuration into config, a pointer to what
// CreateConfig gave, with the library and the settings that Traefik uses:
// weakly typed, text split at commas where a list is wanted, keys matched
// without case, unknown keys ignored. An empty configuration decodes nothing.
//
// Compiled tests use it too, so that both meet the same values.
func Decode(settings map[string]any, config any) error {
	if len(settings) == 0 {
		return nil
	}

	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		DecodeHook:       mapstructure.StringToSliceHookFunc(","),
		WeaklyTypedInput: true,
		Result:           config,
	})
	if err != nil {
		return fmt.Errorf("interpreted: making the decoder: %w", err)
	}

	if err := decoder.Decode(settings); err != nil {
		return fmt.Errorf("interpreted: decoding the configuration: %w", err)
	}

	return nil
}
