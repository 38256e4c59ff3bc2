package configs

import _ "embed" // for the sample

//go:generate go test . -run ^TestSample$ -update

//go:embed sample.yaml
var sample []byte

// Sample returns a commented YAML file with every setting at its default, generated from the
// struct's own comments.
func Sample() []byte { return append([]byte(nil), sample...) }
