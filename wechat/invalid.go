package wechat

import (
	"errors"
	"fmt"
)

// ErrInvalid is wrapped by the error of a call that was not made, since the platform would refuse it.
var ErrInvalid = errors.New("not what the platform takes")

// invalid returns an error of a call that was not made.
func invalid(api, why string) error { return fmt.Errorf("wechat: %s: %w: %s", api, ErrInvalid, why) }

// needed returns a value of an answer, or an error if it is missing.
func needed(api, value string, err error) (string, error) {
	if err == nil && value == "" {
		err = &errLocal{api, errors.New("the answer is not complete")}
	}
	return value, err
}

// checkMessage refuses a message without receiver, template or text.
func checkMessage(api, to, template string, fields map[string]string) error {
	switch {
	case to == "":
		return invalid(api, "nobody is addressed")
	case template == "":
		return invalid(api, "which template is not said")
	case len(fields) == 0:
		return invalid(api, "it has no fields")
	}
	for name, text := range fields {
		if fit(name, text) == "" {
			return invalid(api, "the field "+name+" is empty")
		}
	}
	return nil
}
