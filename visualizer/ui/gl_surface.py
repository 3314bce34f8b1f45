"""Pictures on a stage, upscaled by the graphics card: Catmull-Rom, every weight exact.

Upscaling mixes the 4 × 4 nearest pixels (Catmull and Rom, 1974; Keys, 1981, with a = −1/2). Downscaling widens the same
kernel by the scale, so that nothing finer than the screen shimmers.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat
from PySide6.QtOpenGL import (
    QOpenGLPixelTransferOptions,
    QOpenGLShader,
    QOpenGLShaderProgram,
    QOpenGLTexture,
    QOpenGLVertexArrayObject,
)
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget

from visualizer.snapshots import Frame
from visualizer.ui.placement import Mode, place

COLOUR_BUFFER, TRIANGLES, RENDERER = 0x4000, 0x0004, 0x1F01
LEAST_VERSION = (3, 3)

IN_SOFTWARE = ("llvmpipe", "softpipe", "software", "swiftshader", "gdi generic", "basic render")
"""What drivers without a graphics card call themselves. They take some 50 ms where the processor itself takes 2."""

VERTEX = """
void main() {  // one triangle over the whole screen
    gl_Position = vec4(float(gl_VertexID & 1) * 4.0 - 1.0, float(gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0);
}
"""

FRAGMENT = """
uniform sampler2D picture;
uniform vec4 lies;      // left, top, width, height of the picture on the screen, in pixels
uniform float height;   // of the screen
out vec4 colour;

float weight(float x) {
    x = abs(x);
    if (x < 1.0) return (1.5 * x - 2.5) * x * x + 1.0;
    if (x < 2.0) return ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0;
    return 0.0;
}

vec4 weights(float x) {  // of the four pixels around a place that lies x behind the second
    vec4 power = vec4(1.0, x, x * x, x * x * x);
    return power * mat4(0.0, -0.5, 1.0, -0.5,  1.0, 0.0, -2.5, 1.5,  0.0, 0.5, 2.0, -1.5,  0.0, 0.0, -0.5, 0.5);
}

vec3 enlarged(vec2 middle, ivec2 last) {
    vec2 second = floor(middle - 0.5);
    vec4 across = weights(middle.x - 0.5 - second.x), down = weights(middle.y - 0.5 - second.y);
    vec3 sum = vec3(0.0);
    for (int y = 0; y < 4; y++) {
        ivec4 x = clamp(ivec4(second.x) + ivec4(-1, 0, 1, 2), 0, last.x);
        int row = clamp(int(second.y) + y - 1, 0, last.y);
        sum += down[y] * (across.x * texelFetch(picture, ivec2(x.x, row), 0).rgb
                        + across.y * texelFetch(picture, ivec2(x.y, row), 0).rgb
                        + across.z * texelFetch(picture, ivec2(x.z, row), 0).rgb
                        + across.w * texelFetch(picture, ivec2(x.w, row), 0).rgb);
    }
    return sum;
}

vec3 reduced(vec2 middle, ivec2 last, vec2 shrunk) {
    ivec2 first = max(ivec2(0), ivec2(floor(middle - 2.0 * shrunk + 0.5)));
    last = min(last, ivec2(floor(middle + 2.0 * shrunk - 0.5)));
    vec3 sum = vec3(0.0);
    float all = 0.0;
    for (int y = first.y; y <= last.y; y++) {
        float down = weight((float(y) + 0.5 - middle.y) / shrunk.y);
        for (int x = first.x; x <= last.x; x++) {
            float share = down * weight((float(x) + 0.5 - middle.x) / shrunk.x);
            sum += share * texelFetch(picture, ivec2(x, y), 0).rgb;
            all += share;
        }
    }
    return sum / all;
}

void main() {
    vec2 at = (vec2(gl_FragCoord.x, height - gl_FragCoord.y) - lies.xy) / lies.zw;
    if (any(lessThan(at, vec2(0.0))) || any(greaterThan(at, vec2(1.0)))) { colour = vec4(0.0, 0.0, 0.0, 1.0); return; }
    ivec2 size = textureSize(picture, 0);
    vec2 middle = at * vec2(size), shrunk = max(vec2(1.0), vec2(size) / lies.zw);
    bool larger = shrunk == vec2(1.0);
    colour = vec4(larger ? enlarged(middle, size - 1) : reduced(middle, size - 1, shrunk), 1.0);
}
"""


def stage_format() -> QSurfaceFormat:
    """What the stage asks of OpenGL: 3.3, and a swap with each refresh of the screen."""
    wanted = QSurfaceFormat()
    wanted.setVersion(*LEAST_VERSION)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setSwapInterval(1)
    return wanted


def why_no_opengl(software: bool = False) -> str:
    """Why the graphics card cannot be had, in a few words; "" where it can. software: OpenGL without one will do."""
    context = QOpenGLContext()
    context.setFormat(stage_format())
    if not context.create():
        return "no OpenGL here"
    version = context.format().version()
    if not context.isOpenGLES() and version < LEAST_VERSION:
        return f"OpenGL {version[0]}.{version[1]} is too old"
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not surface.isValid() or not context.makeCurrent(surface):
        return "OpenGL gives no surface"
    try:
        card = str(context.functions().glGetString(RENDERER))
        if not software and any(name in card.lower() for name in IN_SOFTWARE):
            return f"OpenGL is {card.split('(')[0].strip()}, which is no graphics card"
        _program(context.isOpenGLES())
    except RuntimeError as error:
        return str(error)
    finally:
        context.doneCurrent()
    return ""


def _program(is_es: bool) -> QOpenGLShaderProgram:
    """The shader, in the context that is current. Raises RuntimeError where it does not compile."""
    head = "#version 300 es\nprecision highp float;\nprecision highp sampler2D;\n" if is_es else "#version 330 core\n"
    program = QOpenGLShaderProgram()
    kinds = QOpenGLShader.ShaderTypeBit
    for kind, source in ((kinds.Vertex, VERTEX), (kinds.Fragment, FRAGMENT)):
        if not program.addShaderFromSourceCode(kind, head + source):
            raise RuntimeError(f"the shader does not compile: {program.log().strip()}")
    if not program.link():
        raise RuntimeError(f"the shader does not link: {program.log().strip()}")
    return program


class GlSurface(QOpenGLWidget):
    """See ``PainterSurface`` for what a surface does. ``failed`` says why where the graphics card gives up after all."""

    failed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFormat(stage_format())
        self.method = "GPU, Catmull-Rom"
        self._frame: Frame | None = None
        self._mode: Mode = "fit"
        self._uploaded: Frame | None = None
        self._program: QOpenGLShaderProgram | None = None
        self._texture: QOpenGLTexture | None = None
        self._array: QOpenGLVertexArrayObject | None = None

    def put(self, frame: Frame | None, mode: Mode) -> None:
        """Show this frame from the next refresh on; None is black."""
        self._frame, self._mode = frame, mode
        self.update()

    def initializeGL(self) -> None:
        """Make what a context needs; Qt makes a new context when the window changes its kind."""
        context = self.context()
        context.aboutToBeDestroyed.connect(self.release)
        try:
            self._program = _program(context.isOpenGLES())
        except RuntimeError as error:
            self.failed.emit(str(error))
            return
        self._array = QOpenGLVertexArrayObject()
        self._array.create()

    def paintGL(self) -> None:
        """Clear to black, then the frame."""
        functions = self.context().functions()
        functions.glClearColor(0.0, 0.0, 0.0, 1.0)
        functions.glClear(COLOUR_BUFFER)
        frame, program, array = self._frame, self._program, self._array
        if frame is None or program is None or array is None:
            return
        room = self.size() * self.devicePixelRatio()
        texture = self._upload(frame)
        height, width = frame.picture.shape[:2]
        lies = place((width, height), (room.width(), room.height()), self._mode)
        program.bind()
        array.bind()
        texture.bind(0)
        program.setUniformValue1i(program.uniformLocation("picture"), 0)
        program.setUniformValue(program.uniformLocation("lies"), *(float(number) for number in lies))
        program.setUniformValue1f(program.uniformLocation("height"), float(room.height()))
        functions.glDrawArrays(TRIANGLES, 0, 3)
        texture.release()
        array.release()
        program.release()

    def _upload(self, frame: Frame) -> QOpenGLTexture:
        kinds = QOpenGLTexture
        height, width = frame.picture.shape[:2]
        texture = self._texture
        if texture is None or (texture.width(), texture.height()) != (width, height):
            if texture is not None:
                texture.destroy()
            self._uploaded = None
            texture = self._texture = kinds(kinds.Target.Target2D)
            texture.setFormat(kinds.TextureFormat.RGB8_UNorm)
            texture.setSize(width, height)
            texture.setMipLevels(1)
            texture.setAutoMipMapGenerationEnabled(False)
            texture.setMinMagFilters(kinds.Filter.Nearest, kinds.Filter.Nearest)
            texture.setWrapMode(kinds.WrapMode.ClampToEdge)
            texture.allocateStorage(kinds.PixelFormat.RGB, kinds.PixelType.UInt8)
        if frame is not self._uploaded:
            rows = QOpenGLPixelTransferOptions()
            rows.setAlignment(1)
            pixels = frame.picture.data
            texture.setData(kinds.PixelFormat.RGB, kinds.PixelType.UInt8, pixels, rows)  # type: ignore[call-overload]
            self._uploaded = frame
        return texture

    def release(self) -> None:
        """Hold no frame any longer; a texture that outlives its context cannot be let go of."""
        self._frame = self._uploaded = None
        if self._texture is not None:
            self.makeCurrent()
            self._texture.destroy()
            self._texture = None
            self.doneCurrent()
