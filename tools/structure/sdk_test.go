package structure

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// wechatSDK is the module that package wechat builds on; decision 40 says why only these parts.
const wechatSDK = "github.com/silenceper/wechat/v2"

// sdkParts are the packages of the SDK that may be used. The root packages set a global logger, race,
// or answer callbacks that they have not checked.
var sdkParts = []string{
	"credential", "util", "cache", "domain/openapi",
	"miniprogram/auth", "miniprogram/business", "miniprogram/config", "miniprogram/context", "miniprogram/encryptor",
	"miniprogram/qrcode", "miniprogram/security", "miniprogram/subscribe", "miniprogram/urllink", "miniprogram/urlscheme",
	"officialaccount/basic", "officialaccount/config", "officialaccount/context", "officialaccount/draft",
	"officialaccount/freepublish", "officialaccount/js", "officialaccount/material", "officialaccount/menu",
	"officialaccount/message", "officialaccount/oauth", "officialaccount/user",
	"work/addresslist", "work/config", "work/context", "work/externalcontact", "work/material", "work/message", "work/oauth",
}

// sdkRefused are functions of those packages that must not be called: stores of tokens that race or
// need another Redis client, and a switch for the whole process.
var sdkRefused = []string{"NewMemory", "NewRedis", "NewMemcache", "SetURIModifier"}

func TestSDKIsBehindTheSeam(t *testing.T) {
	used := 0
	for _, s := range sources(t) {
		names := map[string]bool{}
		for _, spec := range s.file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			if !under(imported, wechatSDK) {
				continue
			}
			used++
			part := strings.TrimPrefix(strings.TrimPrefix(imported, wechatSDK), "/")
			if s.folder() != "wechat" {
				t.Errorf("%s imports %s: only package wechat may", s.path, imported)
			}
			if !slices.Contains(sdkParts, part) {
				t.Errorf("%s imports %s, which is not one of the parts in use", s.path, imported)
			}
			name := part[strings.LastIndex(part, "/")+1:]
			if spec.Name != nil {
				name = spec.Name.Name
			}
			names[name] = true
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok && slices.Contains(sdkRefused, call.Sel.Name) {
				if from, ok := call.X.(*ast.Ident); ok && names[from.Name] {
					t.Errorf("%s uses %s.%s", s.path, from.Name, call.Sel.Name)
				}
			}
			return true
		})
	}
	if used == 0 {
		t.Error("the SDK is not used: not looking in the right place")
	}
}
