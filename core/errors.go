package core

import (
	"errors"
	"fmt"
)

// Code is the kind of an error; a table in handlers/web maps it to a status.
type Code string

// The codes. An error without a code is Internal.
const (
	CodeInvalid         Code = "invalid"
	CodeUnauthenticated Code = "unauthenticated"
	CodeForbidden       Code = "forbidden"
	CodeNotFound        Code = "not_found"
	CodeConflict        Code = "conflict"
	CodeUnavailable     Code = "unavailable"
	CodeInternal        Code = "internal"
)

// Error is an error with a code and a message for people, in Chinese. For an invalid form, Fields
// holds a message by field name. Err, the cause, is only logged.
type Error struct {
	Code    Code
	Message string
	Fields  map[string]string
	Err     error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return string(e.Code) + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Invalid returns an error for bad input; message describes what is wrong.
func Invalid(message string) *Error { return &Error{Code: CodeInvalid, Message: message} }

// InvalidFields returns an error for a bad form, with a message by field name. It is nil if fields
// is empty.
func InvalidFields(fields map[string]string) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalid, Message: "请检查标出的内容", Fields: fields}
}

// Unauthenticated returns an error for a caller who is not, or no longer, signed in.
func Unauthenticated(message string) *Error {
	return &Error{Code: CodeUnauthenticated, Message: message}
}

// Forbidden returns an error for a caller who may not do this.
func Forbidden(message string) *Error { return &Error{Code: CodeForbidden, Message: message} }

// NotFound returns an error for a thing that does not exist or is outside the caller's communities.
func NotFound(message string) *Error { return &Error{Code: CodeNotFound, Message: message} }

// Conflict returns an error for a state that does not allow the act: somebody else was first, or
// the thing is in use.
func Conflict(message string) *Error { return &Error{Code: CodeConflict, Message: message} }

// Unavailable returns an error for lack of capacity: nothing was done, and the same call may
// succeed a moment later.
func Unavailable(message string) *Error { return &Error{Code: CodeUnavailable, Message: message} }

// errStale is the cause of a Stale error.
var errStale = errors.New("made on an earlier state")

// Stale returns a conflict for an edit of a row that has changed since it was shown; the form then
// shows both states. Types that can be edited carry the time of their last change (Updated), and
// the edit sends it back; zero means the caller has shown nothing.
func Stale() *Error {
	return &Error{Code: CodeConflict, Message: "刚刚有人修改过这里，您的修改还没有保存。请对照标出的内容，再保存一次即以您填写的为准。", Err: errStale}
}

// IsStale reports whether err is a Stale error.
func IsStale(err error) bool { return errors.Is(err, errStale) }

// CodeOf returns the code of err, or CodeInternal if it has none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// IsNotFound reports whether err is a NotFound error.
func IsNotFound(err error) bool { return err != nil && CodeOf(err) == CodeNotFound }

// IsConflict reports whether err is a Conflict.
func IsConflict(err error) bool { return err != nil && CodeOf(err) == CodeConflict }

// IsInvalid reports whether err is an Invalid error.
func IsInvalid(err error) bool { return err != nil && CodeOf(err) == CodeInvalid }

// MessageOf returns the message for people of an error of this package; for any other error, a
// general one that discloses nothing.
func MessageOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "系统繁忙，请稍后再试"
}
