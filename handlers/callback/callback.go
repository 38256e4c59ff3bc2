// Package callback answers what WeChat sends to us of its own accord: the messages
// and events of the official account, and the files by which it checks that a
// domain is ours.
//
// WeChat waits five seconds for an answer and then sends the same again, three
// times in all. So a callback does one act of the store, calls nobody, and answers
// with a short text or with nothing.
package callback

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/wechat"
)

// Options make a Callback. Without Official there is nothing to call back.
type Options struct {
	Store    *store.Store
	Cache    web.Cache // keeps an answer for its repeats
	Official *wechat.OfficialAccount
	// PublicURL is where phones reach the program, without a slash at the end.
	PublicURL string
	// Files are the domain verification files by name (MP_verify_X.txt), as WeChat
	// gave them: each is served at the root.
	Files map[string]string
	Log   *slog.Logger
}

// Callback answers WeChat.
type Callback struct {
	store     *store.Store
	cache     web.Cache
	official  *wechat.OfficialAccount
	publicURL string
	files     map[string]string
	log       *slog.Logger
}

// fileName is what WeChat and WeWork call their verification files.
var fileName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}\.txt$`)

// New makes the callbacks. A file with a name that WeChat would not give is an error.
func New(o Options) (*Callback, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for name := range o.Files {
		if !fileName.MatchString(name) {
			return nil, fmt.Errorf("callback: %q is no name of a verification file", name)
		}
	}
	return &Callback{store: o.Store, cache: o.Cache, official: o.Official, publicURL: o.PublicURL, files: o.Files, log: o.Log}, nil
}

// maxFile bounds a verification file, in bytes.
const maxFile = 4 << 10

// ReadFiles reads the verification files of a folder for Options.Files; one that
// is not there has none. Anything else in it is an error, so that a file put in the
// wrong place is noticed and not served.
func ReadFiles(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("callback: read verification files: %w", err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if !fileName.MatchString(entry.Name()) {
			return nil, fmt.Errorf("callback: %s is no verification file of WeChat", path)
		}
		text, err := os.ReadFile(path)
		if err == nil && len(text) > maxFile {
			err = errors.New("too long")
		}
		if err != nil {
			return nil, fmt.Errorf("callback: %s: %w", path, err)
		}
		files[entry.Name()] = string(text)
	}
	return files, nil
}

// answerTime leaves a second of WeChat's five for the way.
const answerTime = 4 * time.Second

// Path is what the account's message server settings name, after the deployment's
// address.
const Path = "/callback/oa"

// Routes are all that WeChat calls.
func (b *Callback) Routes() []web.Route {
	var routes []web.Route
	if b.official != nil {
		routes = append(routes,
			web.Route{Method: http.MethodGet, Path: Path, Access: web.Callback, Handler: b.echo, Time: answerTime, OnError: refuse},
			web.Route{Method: http.MethodPost, Path: Path, Access: web.Callback, Handler: b.receive, Time: answerTime, OnError: refuse},
		)
	}
	names := make([]string, 0, len(b.files))
	for name := range b.files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		routes = append(routes, web.Route{Method: http.MethodGet, Path: "/" + name, Access: web.Callback, Handler: b.file})
	}
	return routes
}

// refuse answers an error with its status and no word: WeChat's servers read none,
// and nobody else need know why.
func refuse(c *web.Context, err error) error {
	return c.Bytes(web.StatusOf(err), plainText, nil)
}

const plainText = "text/plain; charset=utf-8"

// file answers WeChat's check that the domain is ours.
func (b *Callback) file(c *web.Context) error {
	text := b.files[strings.TrimPrefix(c.Route().Path, "/")]
	return c.Bytes(http.StatusOK, plainText, []byte(text))
}
