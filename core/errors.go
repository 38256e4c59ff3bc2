package core

import (
	"errors"
	"fmt"
)

// Code is the kind of an error; one table in handlers/web turns it into a status.
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

// Error is an error with a code and a sentence for people, in Chinese. Fields
// holds, for an invalid form, a message by field name. Err, the cause, is for
// the log alone.
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

// Invalid is bad input that names what is wrong.
func Invalid(message string) *Error { return &Error{Code: CodeInvalid, Message: message} }

// InvalidFields is a bad form: a message by field name. Nil when fields is empty.
func InvalidFields(fields map[string]string) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Code: CodeInvalid, Message: "请检查标出的内容", Fields: fields}
}

// Unauthenticated is a caller who has not signed in, or no longer.
func Unauthenticated(message string) *Error {
	return &Error{Code: CodeUnauthenticated, Message: message}
}

// Forbidden is a caller who may not do this.
func Forbidden(message string) *Error { return &Error{Code: CodeForbidden, Message: message} }

// NotFound is an absent thing, or one outside the caller's communities.
func NotFound(message string) *Error { return &Error{Code: CodeNotFound, Message: message} }

// Conflict is a state that does not allow the act: somebody was first, or it is in use.
func Conflict(message string) *Error { return &Error{Code: CodeConflict, Message: message} }

// Unavailable is a refusal for want of room: nothing was done, and the same may succeed a
// moment later.
func Unavailable(message string) *Error { return &Error{Code: CodeUnavailable, Message: message} }

// errStale is the cause of a Stale error.
var errStale = errors.New("made on an earlier state")

// Stale is an edit of what another has changed since it was shown: a conflict, after
// which the form shows both. What is read for an edit says when it was last changed
// (Updated), and the edit says so again; zero is an edit by what has shown nothing.
func Stale() *Error {
	return &Error{Code: CodeConflict, Message: "刚刚有人修改过这里，您的修改还没有保存。请对照标出的内容，再保存一次即以您填写的为准。", Err: errStale}
}

// IsStale reports whether err is a Stale error.
func IsStale(err error) bool { return errors.Is(err, errStale) }

// CodeOf gives the code of err, CodeInternal for one without.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// IsNotFound reports whether err says that the thing is absent.
func IsNotFound(err error) bool { return err != nil && CodeOf(err) == CodeNotFound }

// IsConflict reports whether err says that the state of things forbids what was asked.
func IsConflict(err error) bool { return err != nil && CodeOf(err) == CodeConflict }

// IsInvalid reports whether err says that what was sent is wrong.
func IsInvalid(err error) bool { return err != nil && CodeOf(err) == CodeInvalid }

// MessageOf gives the sentence for people of an error made here; of any other
// error, one that says nothing of it.
func MessageOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "系统繁忙，请稍后再试"
}
