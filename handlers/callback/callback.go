// Package callback handles what WeChat sends on its own initiative: the messages and events of the
// official account, and the files by which it checks that a domain is ours.
//
// WeChat waits five seconds for a response and then sends the same request again, three times in
// all. So a callback performs one act of the store, calls no other service, and returns a short
// text or nothing.
package callback

import (
	"context"
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

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/wechat"
)

// Account is an official account that calls.
type Account struct {
	App      core.WechatApp
	Official *wechat.OfficialAccount
}

// Options configure a Callback.
type Options struct {
	Store *store.Store
	Cache web.Cache // stores a response for its retries
	// Accounts returns the official account of an id of the console, or with 0 the configuration file's; false if
	// there is none in use.
	Accounts func(ctx context.Context, id core.ID) (Account, bool)
	// Corps returns the company of an id of the console; false if there is none in use. nil = no routes.
	Corps func(ctx context.Context, id core.ID) (Corp, bool)
	// Mini is the configuration file's mini-program; without an inbox it pushes nothing.
	Mini Mini
	// Minis returns the mini-program of an id of the console; false if there is none in use that pushes. nil = no routes.
	Minis func(ctx context.Context, id core.ID) (Mini, bool)
	// PublicURL is where phones reach the program, without a trailing slash.
	PublicURL string
	// Files are the domain verification files by name (MP_verify_X.txt), as downloaded from WeChat;
	// each is served at the root. Those of the console are served beside them.
	Files map[string]string
	Log   *slog.Logger
}

// Callback handles WeChat's calls.
type Callback struct {
	store     *store.Store
	cache     web.Cache
	accounts  func(ctx context.Context, id core.ID) (Account, bool)
	corps     func(ctx context.Context, id core.ID) (Corp, bool)
	mini      Mini
	minis     func(ctx context.Context, id core.ID) (Mini, bool)
	publicURL string
	files     map[string]string
	log       *slog.Logger
	noted     notes
}

// fileName matches the names that WeChat and WeWork use for verification files.
var fileName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}\.txt$`)

// New returns the callbacks. A file name that WeChat would not use is an error.
func New(o Options) (*Callback, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for name := range o.Files {
		if !fileName.MatchString(name) {
			return nil, fmt.Errorf("callback: %q is no name of a verification file", name)
		}
	}
	return &Callback{store: o.Store, cache: o.Cache, accounts: o.Accounts, corps: o.Corps, mini: o.Mini, minis: o.Minis,
		publicURL: o.PublicURL, files: o.Files, log: o.Log}, nil
}

// maxFile is the maximum size of a verification file in bytes.
const maxFile = 4 << 10

// ReadFiles reads the verification files of a folder for Options.Files; a missing folder has none.
// Anything else in it is an error, so that a misplaced file is noticed and not served.
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

// answerTime leaves a second of WeChat's five for the network.
const answerTime = 4 * time.Second

// Path is the path to configure as the message server of the configuration file's account, after the deployment's
// URL. An account of the console has its id after it.
const Path = "/callback/oa"

// Routes returns all routes that WeChat calls.
func (b *Callback) Routes() []web.Route {
	var routes []web.Route
	for _, path := range []string{Path, Path + "/:app"} {
		routes = append(routes,
			web.Route{Method: http.MethodGet, Path: path, Access: web.Callback, Handler: b.echo, Time: answerTime, OnError: refuse},
			web.Route{Method: http.MethodPost, Path: path, Access: web.Callback, Handler: b.receive,
				Time: answerTime, OnError: refuse},
		)
	}
	routes = append(routes, b.miniRoutes()...)
	routes = append(routes, b.workRoutes()...)
	names := make([]string, 0, len(b.files))
	for name := range b.files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		routes = append(routes, web.Route{Method: http.MethodGet, Path: "/" + name, Access: web.Callback, Handler: b.file})
	}
	return append(routes, web.Route{Method: http.MethodGet, Path: "/:file", Access: web.Callback, Handler: b.consoleFile})
}

// refuse answers an error with its status and no text: WeChat's servers read none, and nobody else
// needs to know why.
func refuse(c *web.Context, err error) error {
	return c.Bytes(web.StatusOf(err), plainText, nil)
}

const plainText = "text/plain; charset=utf-8"

// file answers WeChat's check that the domain is ours.
func (b *Callback) file(c *web.Context) error {
	text := b.files[strings.TrimPrefix(c.Route().Path, "/")]
	return c.Bytes(http.StatusOK, plainText, []byte(text))
}

// consoleFile answers the check with a file of the console; any other name is not found.
func (b *Callback) consoleFile(c *web.Context) error {
	f, err := b.store.WechatFileNamed(c.Ctx(), c.Param("file"))
	if core.IsNotFound(err) {
		err = core.NotFound("页面不存在") // as of any other address
	}
	if err != nil {
		return err
	}
	return c.Bytes(http.StatusOK, plainText, []byte(f.Text))
}
