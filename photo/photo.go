// Package photo turns pictures that people send into pictures that can be kept: it looks at the content
// and not at the name, decodes it, and encodes it again, so that nothing but pixels remains – no place, no
// camera, no hidden file behind the picture. It uses the decoders of the standard library alone.
//
// What a picture claims to measure is read before it is decoded: a small file may unfold to gigabytes.
package photo

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"time"

	"tongxing/core"
)

// Limits of what is decoded, in pixels. A progressive JPEG needs some eight bytes for each, a PNG up to
// eight, and as many pictures as slots has room for are decoded at a time.
const (
	maxPixelsJPEG = 36_000_000
	maxPixelsPNG  = 20_000_000
	maxSide       = 20_000
)

// Qualities of the JPEG files.
const (
	qualityWhole = 85
	qualityThumb = 80
)

// slots bound the pictures that are decoded at once: each takes a processor for up to a second, and
// memory.
var slots = make(chan struct{}, 2)

// slotWait is how long a picture waits for a slot.
const slotWait = 8 * time.Second

// ErrBusy is returned if too many pictures are being decoded.
var ErrBusy = core.Conflict("现在上传的图片太多，请稍后再试")

// Make returns the picture of a file as it is kept: upright, the longer side at most core.MaxPhotoSide,
// with a thumbnail. What is not a picture that we can keep is Invalid.
func Make(ctx context.Context, class core.PhotoClass, file []byte) (core.NewPhoto, error) {
	p := core.NewPhoto{Class: class}
	kind, err := check(file)
	if err != nil {
		return p, err
	}
	if err := take(ctx); err != nil {
		return p, err
	}
	defer func() { <-slots }()
	picture, err := kind.decode(bytes.NewReader(file))
	if err != nil {
		return p, errBroken
	}
	whole := shrink(picture, core.MaxPhotoSide)
	if kind.turns {
		whole = turn(whole, orientation(file))
	}
	p.Width, p.Height = whole.Rect.Dx(), whole.Rect.Dy()
	if p.Whole, err = encode(whole, qualityWhole); err != nil {
		return p, err
	}
	p.Thumb, err = encode(shrink(whole, core.ThumbSide), qualityThumb)
	return p, err
}

func take(ctx context.Context) error {
	wait := time.NewTimer(slotWait)
	defer wait.Stop()
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return ErrBusy
	}
}

// format is a kind of file that is accepted.
type format struct {
	magic     string
	config    func(r *bytes.Reader) (image.Config, error)
	decode    func(r *bytes.Reader) (image.Image, error)
	maxPixels int
	turns     bool // it may say how the camera was held
}

var formats = []format{
	{
		"\xff\xd8\xff", func(r *bytes.Reader) (image.Config, error) { return jpeg.DecodeConfig(r) },
		func(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) }, maxPixelsJPEG, true,
	},
	{
		"\x89PNG\r\n\x1a\n", func(r *bytes.Reader) (image.Config, error) { return png.DecodeConfig(r) },
		func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) }, maxPixelsPNG, false,
	},
}

var (
	errKind   = core.Invalid("只支持 JPG 和 PNG 图片")
	errBroken = core.Invalid("这张图片已损坏，请换一张")
	errSize   = core.Invalid(fmt.Sprintf("图片最大 %d MB，请压缩后再传", core.MaxPhotoBytes>>20))
	errPixels = core.Invalid("图片的像素太多，请压缩后再传")
)

// check returns the format of a file that may be decoded.
func check(file []byte) (format, error) {
	if len(file) > core.MaxPhotoBytes {
		return format{}, errSize
	}
	for _, f := range formats {
		if !bytes.HasPrefix(file, []byte(f.magic)) {
			continue
		}
		config, err := f.config(bytes.NewReader(file))
		switch {
		case err != nil || config.Width < 1 || config.Height < 1:
			return f, errBroken
		case config.Width > maxSide || config.Height > maxSide || config.Width*config.Height > f.maxPixels:
			return f, errPixels
		}
		return f, nil
	}
	return format{}, errKind
}

func encode(picture image.Image, quality int) ([]byte, error) {
	var out bytes.Buffer
	err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// shrink returns a picture on white, the longer side at most side. Each pixel is the mean of those that
// it stands for. The source is converted in bands, since a whole copy would take four bytes a pixel.
func shrink(src image.Image, side int) *image.RGBA {
	from := src.Bounds()
	w, h := fit(from.Dx(), from.Dy(), side)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	var band *image.RGBA
	for y := range h {
		top, bottom := span(y, h, from.Dy())
		if band == nil || band.Rect.Dy() != bottom-top {
			band = image.NewRGBA(image.Rect(0, 0, from.Dx(), bottom-top))
		}
		draw.Draw(band, band.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(band, band.Rect, src, image.Pt(from.Min.X, from.Min.Y+top), draw.Over)
		for x := range w {
			left, right := span(x, w, from.Dx())
			mean(out.Pix[out.PixOffset(x, y):], band, left, right)
		}
	}
	return out
}

// fit returns the size of a picture whose longer side is at most side.
func fit(w, h, side int) (int, int) {
	long := max(w, h)
	if long <= side {
		return w, h
	}
	return max(1, w*side/long), max(1, h*side/long)
}

// span returns which of from pixels the pixel at of to stands for.
func span(at, to, from int) (first, end int) {
	first = at * from / to
	return first, max(first+1, (at+1)*from/to)
}

// mean sets the pixel at pix to the mean of a band's columns.
func mean(pix []byte, band *image.RGBA, left, right int) {
	var r, g, b, n int
	for y := range band.Rect.Dy() {
		row := band.Pix[y*band.Stride+left*4 : y*band.Stride+right*4]
		for i := 0; i+3 < len(row); i += 4 {
			r, g, b, n = r+int(row[i]), g+int(row[i+1]), b+int(row[i+2]), n+1
		}
	}
	pix[0], pix[1], pix[2], pix[3] = byte(r/n), byte(g/n), byte(b/n), 0xff
}

// MakePersonal is Make of a face or a document that came in a form's field, whose name an error has.
func MakePersonal(ctx context.Context, field string, file []byte) (core.NewPhoto, error) {
	made, err := Make(ctx, core.PhotoPersonal, file)
	if core.IsInvalid(err) || core.IsConflict(err) {
		err = core.InvalidFields(map[string]string{field: core.MessageOf(err)})
	}
	return made, err
}
