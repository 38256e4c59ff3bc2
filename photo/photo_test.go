package photo

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"sync"
	"testing"

	"tongxing/core"
)

// quarters is a picture whose upper left quarter is red and whose others are blue.
func quarters(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0, 0, 255, 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{255, 0, 0, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func jpegOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withExif adds a segment that says how the camera was held, and where.
func withExif(file []byte, orientation uint16, order binary.AppendByteOrder) []byte {
	head := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		head = []byte("MM\x00*")
	}
	tiff := order.AppendUint32(head, 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint16(tiff, 0x0112)
	tiff = order.AppendUint16(tiff, 3)
	tiff = order.AppendUint32(tiff, 1)
	tiff = order.AppendUint16(tiff, orientation)
	tiff = append(tiff, "\x00\x00GPS 31.2304N 121.4737E"...)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(segment)+2))...)
	return append(append(out, segment...), file[2:]...)
}

func decoded(t *testing.T, file []byte) image.Image {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func isRed(m image.Image, x, y int) bool {
	r, _, b, _ := m.At(x, y).RGBA()
	return r > b
}

func TestPicturesAreTurnedUprightAndLoseTheirExif(t *testing.T) {
	plain := jpegOf(t, quarters(120, 80))
	// Where the red quarter is afterwards: left or right, top or bottom.
	for orientation, want := range map[uint16][2]bool{
		1: {true, true}, 2: {false, true}, 3: {false, false}, 4: {true, false},
		5: {true, true}, 6: {false, true}, 7: {false, false}, 8: {true, false}, 9: {true, true},
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			p, err := Make(t.Context(), core.PhotoPersonal, withExif(plain, orientation, order))
			if err != nil {
				t.Fatal(err)
			}
			w, h := 120, 80
			if orientation >= 5 && orientation <= 8 {
				w, h = 80, 120
			}
			m := decoded(t, p.Whole)
			if m.Bounds().Dx() != w || m.Bounds().Dy() != h || p.Width != w || p.Height != h {
				t.Errorf("orientation %d: %v, %d × %d", orientation, m.Bounds(), p.Width, p.Height)
			}
			x, y := w/4, h/4
			if !want[0] {
				x = w * 3 / 4
			}
			if !want[1] {
				y = h * 3 / 4
			}
			if !isRed(m, x, y) || isRed(m, w-x, h-y) {
				t.Errorf("orientation %d: red is not at %d, %d", orientation, x, y)
			}
			for _, file := range [][]byte{p.Whole, p.Thumb} {
				if bytes.Contains(file, []byte("Exif")) || bytes.Contains(file, []byte("GPS")) {
					t.Errorf("orientation %d: the camera's data are kept", orientation)
				}
			}
		}
	}
}

func TestLargePicturesAreShrunk(t *testing.T) {
	for _, c := range []struct{ w, h, wantW, wantH int }{{3000, 1000, 2560, 853}, {90, 5000, 46, 2560}, {5000, 1, 2560, 1}} {
		p, err := Make(t.Context(), core.PhotoScope, pngOf(t, quarters(c.w, c.h)))
		if err != nil {
			t.Fatal(err)
		}
		thumb := decoded(t, p.Thumb).Bounds()
		if p.Width != c.wantW || p.Height != c.wantH || max(thumb.Dx(), thumb.Dy()) != core.ThumbSide {
			t.Errorf("%d × %d: %d × %d, thumbnail %v", c.w, c.h, p.Width, p.Height, thumb)
		}
	}
}

func TestTransparentPicturesAreOnWhite(t *testing.T) {
	p, err := Make(t.Context(), core.PhotoScope, pngOf(t, image.NewNRGBA(image.Rect(0, 0, 8, 8))))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := decoded(t, p.Whole).At(4, 4).RGBA(); r < 0xf000 {
		t.Errorf("transparent pixels are not white: %x", r)
	}
}

// bomb is a PNG of a few bytes that claims to measure w by h.
func bomb(w, h uint32) []byte {
	head := []byte("IHDR")
	head = binary.BigEndian.AppendUint32(head, w)
	head = binary.BigEndian.AppendUint32(head, h)
	head = append(head, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

func TestWhatIsNoPictureIsInvalid(t *testing.T) {
	good := jpegOf(t, quarters(64, 64))
	for name, file := range map[string][]byte{
		"nothing":        nil,
		"a page":         []byte("<html><script>alert(1)</script>"),
		"a GIF":          []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"),
		"half a picture": good[:len(good)/3],
		"a bomb":         bomb(60_000, 60_000),
		"a wide bomb":    bomb(1, 1<<30),
		"a flat bomb":    bomb(6000, 6000),
		"of no size":     bomb(0, 5),
		"too large":      append(bytes.Clone(good), make([]byte, core.MaxPhotoBytes)...),
	} {
		if _, err := Make(t.Context(), core.PhotoScope, file); !core.IsInvalid(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A picture with a page behind it is kept without the page.
func TestWhatIsBehindAPictureIsDropped(t *testing.T) {
	file := append(jpegOf(t, quarters(64, 64)), "<script>alert(1)</script>"...)
	p, err := Make(t.Context(), core.PhotoPublic, file)
	if err != nil || bytes.Contains(p.Whole, []byte("script")) {
		t.Errorf("kept: %v", err)
	}
}

func TestOrientationOfDamagedData(t *testing.T) {
	file := withExif(jpegOf(t, quarters(16, 16)), 6, binary.LittleEndian)
	for n := range 60 {
		cut := bytes.Clone(file[:n])
		if got := orientation(cut); got < 1 || got > 8 {
			t.Errorf("cut at %d: %d", n, got)
		}
		for _, b := range []byte{0, 0xff} { // lengths and offsets beyond the end
			damaged := bytes.Clone(file)
			damaged[n] = b
			if got := orientation(damaged); got < 1 || got > 8 {
				t.Errorf("damaged at %d: %d", n, got)
			}
		}
	}
}

// No more pictures than there are slots are decoded at once, and one whose caller hung up waits no longer.
func TestOnlyAFewAtOnce(t *testing.T) {
	for range cap(slots) {
		slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Make(ctx, core.PhotoScope, jpegOf(t, quarters(8, 8))); err == nil {
		t.Error("a picture was decoded although no slot was free")
	}
	for range cap(slots) {
		<-slots
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := Make(t.Context(), core.PhotoScope, jpegOf(t, quarters(300, 300))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(slots) != 0 {
		t.Errorf("%d slots are not given back", len(slots))
	}
}
