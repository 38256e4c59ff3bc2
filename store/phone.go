package store

import (
	"errors"
	"maps"

	"tongxing/core"
)

// requirePhone adds to a check's error that a phone number is required.
func requirePhone(wrong error, phone string) error {
	if phone != "" {
		return wrong
	}
	fields := map[string]string{"phone": "请填写手机号"}
	var e *core.Error
	if errors.As(wrong, &e) {
		maps.Copy(fields, e.Fields)
	}
	return core.InvalidFields(fields)
}
