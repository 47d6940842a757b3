//! Opens the device that tensors are stored on, and checks that it works.

use std::str::FromStr;

use candle_core::{Device, Tensor};

use super::error::EngineError;

/// The device that the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// CUDA or Metal if it is compiled in and works, else the CPU.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The first CUDA device.
    Cuda,
    /// The Metal device.
    Metal,
}

impl FromStr for DeviceChoice {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            "metal" => Ok(Self::Metal),
            _ => Err(EngineError::Device {
                wanted: text.into(),
                problem: "it is not a device that is known".into(),
                hint: "choose auto, cpu, cuda or metal".into(),
            }),
        }
    }
}

impl DeviceChoice {
    /// Opens the device. Returns it with its name: `cpu`, `cuda` or `metal`.
    pub(crate) fn open(self) -> Result<(Device, &'static str), EngineError> {
        match self {
            Self::Cpu => Ok((Device::Cpu, "cpu")),
            Self::Cuda => open("cuda", cfg!(feature = "cuda"), || Device::new_cuda(0)),
            Self::Metal => open("metal", cfg!(feature = "metal"), || Device::new_metal(0)),
            Self::Auto => Self::Cuda
                .open()
                .or_else(|_| Self::Metal.open())
                .or_else(|_| Self::Cpu.open()),
        }
    }
}

fn open(
    name: &'static str,
    compiled_in: bool,
    new: impl FnOnce() -> candle_core::Result<Device>,
) -> Result<(Device, &'static str), EngineError> {
    let fail = |problem: String, hint: String| EngineError::Device {
        wanted: name.into(),
        problem,
        hint,
    };
    if !compiled_in {
        return Err(fail(
            "this build has no support for it".into(),
            format!("build with `--features {name}`, or choose `--device cpu`"),
        ));
    }
    // A device may open but fail to compute, for example with an old driver. Find out now and not in the middle of
    // loading.
    let tried = new().and_then(|device| {
        Tensor::new(&[1f32, 2.0], &device)?
            .sum_all()?
            .to_vec0::<f32>()
            .map(|_| device)
    });
    tried.map(|device| (device, name)).map_err(|e| {
        let problem = e.to_string().lines().next().unwrap_or("it does not work").to_string();
        fail(problem, "choose `--device cpu`".into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_others_are_refused_with_the_choices() {
        assert_eq!("CPU".parse::<DeviceChoice>().unwrap(), DeviceChoice::Cpu);
        assert_eq!("auto".parse::<DeviceChoice>().unwrap(), DeviceChoice::Auto);
        let error = "tpu".parse::<DeviceChoice>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the device `tpu` cannot be used: it is not a device that is known"
        );
        assert_eq!(error.hint().unwrap(), "choose auto, cpu, cuda or metal");
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_that_is_not_compiled_in_names_the_feature_that_adds_it() {
        let error = DeviceChoice::Cuda.open().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the device `cuda` cannot be used: this build has no support for it"
        );
        assert_eq!(
            error.hint().unwrap(),
            "build with `--features cuda`, or choose `--device cpu`"
        );
    }

    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    #[test]
    fn auto_falls_back_to_the_cpu() {
        assert_eq!(DeviceChoice::Auto.open().unwrap().1, "cpu");
    }
}
