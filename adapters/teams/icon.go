package teams

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// The app's two icons: a ticket with a tick. Sizes and colours are Teams' rules
// (microsoft/json-schemas, teams manifest, icons): 192 pixels in full colour,
// and 32 pixels of white lines on nothing.
const (
	colourSize  = 192
	outlineSize = 32
)

var white = color.NRGBA{R: 255, G: 255, B: 255, A: 255}

// colourIcon is a white ticket on the accent colour.
func colourIcon() ([]byte, error) {
	return paintIcon(colourSize, func(x, y, edge float64) color.NRGBA {
		return blend(blend(accent, white, cover(ticket(x, y), edge)), accent, cover(tick(x, y)-0.055, edge))
	})
}

// outlineIcon is the ticket's border and the tick.
func outlineIcon() ([]byte, error) {
	const half = 0.045 // of a line's width
	return paintIcon(outlineSize, func(x, y, edge float64) color.NRGBA {
		line := math.Min(math.Abs(ticket(x/1.5, y/1.5)*1.5)-half, tick(x/1.5, y/1.5)*1.5-half)
		c := white
		c.A = uint8(math.Round(255 * cover(line, edge)))
		return c
	})
}

// paintIcon makes a square PNG. paint is given points from -1 to 1 and how wide a
// pixel is there.
func paintIcon(size int, paint func(x, y, edge float64) color.NRGBA) ([]byte, error) {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	at := func(i int) float64 { return (float64(i)+0.5)*2/float64(size) - 1 }
	for y := range size {
		for x := range size {
			img.SetNRGBA(x, y, paint(at(x), at(y), 2/float64(size)))
		}
	}
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img)
	return b.Bytes(), err
}

// ticket is the distance to the ticket's edge, negative inside: a rounded
// rectangle with a bite at either end.
func ticket(x, y float64) float64 {
	const width, height, corner, bite = 0.6, 0.38, 0.08, 0.11
	dx, dy := math.Abs(x)-width+corner, math.Abs(y)-height+corner
	box := math.Hypot(math.Max(dx, 0), math.Max(dy, 0)) + math.Min(math.Max(dx, dy), 0) - corner
	return math.Max(box, bite-math.Hypot(math.Abs(x)-width, y))
}

// tick is the distance to the tick's middle line.
func tick(x, y float64) float64 {
	return math.Min(segment(x, y, -0.22, 0.0, -0.06, 0.16), segment(x, y, -0.06, 0.16, 0.24, -0.16))
}

// segment is the distance to the line from a to b.
func segment(x, y, ax, ay, bx, by float64) float64 {
	dx, dy := bx-ax, by-ay
	t := math.Max(0, math.Min(1, ((x-ax)*dx+(y-ay)*dy)/(dx*dx+dy*dy)))
	return math.Hypot(x-ax-t*dx, y-ay-t*dy)
}

// cover is how much of a pixel is inside, from its middle's distance.
func cover(distance, edge float64) float64 {
	return math.Max(0, math.Min(1, 0.5-distance/edge))
}

func blend(under, over color.NRGBA, share float64) color.NRGBA {
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*share)) }
	return color.NRGBA{mix(under.R, over.R), mix(under.G, over.G), mix(under.B, over.B), 255}
}
