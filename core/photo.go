package core

import "time"

// PhotoClass is who may ever see a picture.
type PhotoClass string

// The classes.
const (
	PhotoPublic   PhotoClass = "public"   // everybody, such as one of the news
	PhotoScope    PhotoClass = "scope"    // those in whose scope it lies
	PhotoPersonal PhotoClass = "personal" // a document or a face: encrypted, and each viewing is audited
)

// PhotoPart is a size in which a picture is kept.
type PhotoPart string

// The parts.
const (
	PhotoWhole PhotoPart = "whole"
	PhotoThumb PhotoPart = "thumb"
)

// Limits of pictures.
const (
	MaxPhotoBytes  = 10 << 20 // of one that is sent
	MaxPhotoSide   = 2560     // of one that is kept, in pixels
	ThumbSide      = 320
	PhotosPerForm  = 9
	MaxIdlePhotos  = 2 * PhotosPerForm // that somebody has sent and not used yet
	IdlePhotoLife  = 24 * time.Hour    // after which these are removed
	PhotoLinkLife  = 10 * time.Minute  // of an address that shows one
	PhotoMediaType = "image/jpeg"      // of all that are kept
)

// Photo is a picture that somebody sent. Its contents are read by themselves.
type Photo struct {
	ID            ID
	Class         PhotoClass
	Community     ID     // 0 until it is used
	Owner         ID     // the WeChat user who sent it; 0 = the office
	Use           string // the stem of what it belongs to; "" = nothing yet
	Of            ID     // what it belongs to
	Width, Height int
	Size          int    // of the whole picture, in bytes
	SHA256        string // of the whole picture, hex
	Created       time.Time
}

// NewPhoto is a picture as it is kept: two JPEG files without any data of the camera's.
type NewPhoto struct {
	Class         PhotoClass
	Whole, Thumb  []byte
	Width, Height int
}

// photoFields label what the audit log records of a picture that was looked at.
var photoFields = []AuditField{
	{Key: "kind", Label: "用于"},
	{Key: "size", Label: "大小（字节）"},
	{Key: "sha256", Label: "校验值"},
}
