package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// file is one built file.
type file struct {
	name    string // "console.css"
	hashed  string // "console-1A2B3C4D.css"
	content []byte
}

// entries are the bundles, relative to the source folder.
var entries = []string{
	"css/console.css", "css/phone.css",
	"js/chart.js", "js/console.js", "js/phone.js", "js/theme.js",
}

// inputs returns a digest of everything that a build reads. Templates count, since the style sheet
// keeps only the classes they use.
func inputs() (string, error) {
	sum := sha256.New()
	err := eachInput(func(name string, text []byte) {
		fmt.Fprintf(sum, "%s %d\n", name, len(text))
		sum.Write(text)
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

func eachInput(visit func(name string, text []byte)) error {
	for _, root := range []string{"package-lock.json", "tools/assets", "templates"} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if name == output {
					return fs.SkipDir
				}
				return nil
			}
			if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".md") {
				return nil
			}
			text, err := os.ReadFile(name)
			if errors.Is(err, fs.ErrNotExist) {
				return nil // an editor's temporary file
			}
			if err != nil {
				return err
			}
			visit(name, text)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// build makes every file, sorted by name.
func build() ([]file, error) {
	images, err := os.MkdirTemp("", "assets")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(images)
	files, err := bundle(images)
	if err != nil {
		return nil, err
	}
	icons, err := sprite()
	if err != nil {
		return nil, err
	}
	files = append(files, hashed("icons.svg", icons))
	for _, name := range []string{"logo.svg", "logo.png"} { // WeChat shows no SVG
		logo, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return nil, err
		}
		files = append(files, hashed(name, logo))
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// hashed adds a hash to the name of content that does not come from esbuild.
func hashed(name string, content []byte) file {
	sum := sha256.Sum256(content)
	ext := filepath.Ext(name)
	return file{
		name:    name,
		hashed:  strings.TrimSuffix(name, ext) + "-" + strings.ToUpper(hex.EncodeToString(sum[:4])) + ext,
		content: content,
	}
}

// bundle runs esbuild over the entries. images is an empty folder for the pictures embedded in the
// kit's style sheet.
func bundle(images string) ([]file, error) {
	var points []string
	for _, name := range entries {
		points = append(points, filepath.Join(source, name))
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:       points,
		Bundle:            true,
		Outdir:            output,
		EntryNames:        "[name]-[hash]",
		AssetNames:        "[name]-[hash]",
		Format:            api.FormatIIFE,
		Target:            api.ES2019,
		Engines:           []api.Engine{{Name: api.EngineChrome, Version: "88"}},
		Charset:           api.CharsetUTF8,
		MinifyWhitespace:  true,
		MinifySyntax:      true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsNone,
		Loader:            map[string]api.Loader{".svg": api.LoaderFile},
		Plugins:           []api.Plugin{kit(images)},
		LogLevel:          api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		return nil, errors.New("esbuild refused: see above")
	}
	var files []file
	for _, out := range result.OutputFiles {
		hashed := filepath.Base(out.Path)
		files = append(files, file{name: plainName(hashed), hashed: hashed, content: out.Contents})
	}
	return files, nil
}

// plainName converts "console-1A2B3C4D.css" to "console.css".
func plainName(hashed string) string {
	ext := filepath.Ext(hashed)
	stem := strings.TrimSuffix(hashed, ext)
	if i := strings.LastIndexByte(stem, '-'); i > 0 {
		stem = stem[:i]
	}
	return stem + ext
}

// kit is the plugin that passes esbuild the UI kit's style sheet reduced to what the templates use.
func kit(images string) api.Plugin {
	return api.Plugin{Name: "kit", Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `tabler\.css$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			text, err := os.ReadFile(args.Path)
			if err != nil {
				return api.OnLoadResult{}, err
			}
			words, sheets, err := used()
			if err != nil {
				return api.OnLoadResult{}, err
			}
			css, err := unpackImages(purge(string(text), words, sheets), images)
			return api.OnLoadResult{Contents: &css, Loader: api.LoaderCSS, ResolveDir: images}, err
		})
	}}
}

var word = regexp.MustCompile(`[A-Za-z_][\w-]*`)

// used returns every word of templates, scripts and Go code that could be a class (too many is
// harmless: a rule more is kept), and the text of our own sheets.
func used() (words map[string]bool, sheets string, err error) {
	words = map[string]bool{}
	err = eachInput(func(name string, text []byte) {
		switch filepath.Ext(name) {
		case ".html", ".js", ".go":
			for _, w := range word.FindAll(text, -1) {
				words[string(w)] = true
			}
		case ".css":
			sheets += string(text)
		}
	})
	return words, sheets, err
}

var inlineImage = regexp.MustCompile(`url\("data:image/svg\+xml,([^"]*)"\)|url\('data:image/svg\+xml,([^']*)'\)`)

// unpackImages writes pictures that the sheet embeds as data: URLs to files, since the CSP allows
// only pictures of our own.
func unpackImages(css, folder string) (string, error) {
	var failed error
	css = inlineImage.ReplaceAllStringFunc(css, func(match string) string {
		m := inlineImage.FindStringSubmatch(match)
		svg, err := unescapeURL(m[1] + m[2])
		if err != nil {
			failed = err
			return match
		}
		sum := sha256.Sum256([]byte(svg))
		name := "kit" + hex.EncodeToString(sum[:4]) + ".svg"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(svg), 0o644); err != nil {
			failed = err
		}
		return `url("./` + name + `")`
	})
	if strings.Contains(css, "url(data:") || strings.Contains(css, `url("data:`) {
		failed = errors.Join(failed, errors.New("the kit has data: addresses of an unknown form"))
	}
	return css, failed
}

// unescapeURL decodes percent signs only before two hex digits: the kit escapes pictures only
// partly.
func unescapeURL(s string) (string, error) {
	var out bytes.Buffer
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if b, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				out.Write(b)
				i += 2
				continue
			}
		}
		out.WriteByte(s[i])
	}
	if !strings.HasPrefix(out.String(), "<svg") {
		return "", fmt.Errorf("not a picture: %.40q", out.String())
	}
	return out.String(), nil
}
