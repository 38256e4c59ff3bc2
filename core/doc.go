// Package core holds the domain: its types and its rules.
//
// Everything here is pure: values and the current time come in, values or an error go out. It
// imports the standard library only, never reads the clock, and knows nothing of SQL, HTTP or
// WeChat.
package core
