//go:build !unix

package configtest

import "errors"

func makeFifo(string) error {
	return errors.ErrUnsupported
}
